/*
 * reserve - what must stay free on the disks
 */
#ifndef SPOOLD_RESERVE_H
#define SPOOLD_RESERVE_H

#include <stdbool.h>

struct spoold;

/*
 * False while the spool's or the journal's file system has less free than the
 * configuration reserves: nothing new is accepted then.  Alerts when it changes.
 */
bool	 reserve_holds(struct spoold *);

#endif
