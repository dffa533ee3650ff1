/*
 * service - what systemd is told of a service of Type=notify
 *
 * See sd_notify(3).  Where nobody asked, nothing is said, and what cannot be
 * said is no reason to fail: systemd notices by itself.
 */
#ifndef LIB_SERVICE_H
#define LIB_SERVICE_H

void	 service_ready(void);		/* also when a reload is over */
void	 service_reloading(void);
void	 service_stopping(void);
void	 service_alive(void);		/* for its watchdog, if it has one */

#endif
