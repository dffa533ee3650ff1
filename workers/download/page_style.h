/*
 * page_style - how a link's page looks
 *
 * Light and dark by what the reader prefers; every pair of colours has a
 * contrast of 4.5 to 1 at least (WCAG 2.1, AA).
 */
#ifndef WORKERS_DOWNLOAD_PAGE_STYLE_H
#define WORKERS_DOWNLOAD_PAGE_STYLE_H

#define PAGE_STYLE \
	":root{color-scheme:light dark;--ground:#eef2f6;--card:#fff;"	\
	"--line:#d5dde6;--text:#16202b;--quiet:#4d5c6c;--tint:#e3f0f1;"	\
	"--key:#0b6570;--key-on:#fff;--key-over:#084d56;--focus:#0b6570}" \
	"@media (prefers-color-scheme:dark){:root{--ground:#0f151b;"	\
	"--card:#182029;--line:#2f3b48;--text:#eaf0f5;--quiet:#a9b8c6;"	\
	"--tint:#15343a;--key:#5cc8d4;--key-on:#04191c;--key-over:#86dbe4;" \
	"--focus:#86dbe4}}"						\
	"*{box-sizing:border-box}"					\
	"html{-webkit-text-size-adjust:100%;text-size-adjust:100%}"	\
	"body{margin:0;min-height:100vh;min-height:100dvh;display:flex;" \
	"flex-direction:column;align-items:center;justify-content:center;" \
	"padding:1.5rem 1rem;background:var(--ground);color:var(--text);" \
	"font:1rem/1.55 system-ui,-apple-system,\"Segoe UI\",Roboto,"	\
	"\"Noto Sans\",\"Liberation Sans\",sans-serif}"			\
	"main{width:100%;max-width:35rem;background:var(--card);"	\
	"border:1px solid var(--line);border-radius:1rem;"		\
	"padding:clamp(1.25rem,5vw,2.25rem);"				\
	"box-shadow:0 1px 2px rgba(10,30,50,.06),"			\
	"0 12px 32px rgba(10,30,50,.08)}"				\
	".mark{display:flex;width:3.25rem;height:3.25rem;"		\
	"align-items:center;justify-content:center;border-radius:.875rem;" \
	"background:var(--tint);color:var(--key);margin-bottom:1.125rem}" \
	".mark svg{width:1.75rem;height:1.75rem}"			\
	".lead{margin:0 0 .25rem;color:var(--quiet);font-size:.9375rem}" \
	"h1{margin:0 0 1.5rem;font-size:1.375rem;line-height:1.3;"	\
	"font-weight:650;overflow-wrap:anywhere;text-wrap:pretty}"	\
	"dl{margin:0 0 1.75rem;border-top:1px solid var(--line)}"	\
	"dl div{display:grid;grid-template-columns:9rem 1fr;gap:.125rem 1rem;" \
	"padding:.75rem 0;border-bottom:1px solid var(--line)}"		\
	"dt{color:var(--quiet)}"					\
	"dd{margin:0;min-width:0;overflow-wrap:anywhere;"		\
	"font-variant-numeric:tabular-nums}"				\
	"dd small{color:var(--quiet);font-size:.875rem}"		\
	"code{font:.875rem/1.6 ui-monospace,SFMono-Regular,Menlo,"	\
	"\"DejaVu Sans Mono\",monospace;word-break:break-all}"		\
	"button{display:flex;width:100%;align-items:center;"		\
	"justify-content:center;gap:.625rem;min-height:3.25rem;"	\
	"padding:.75rem 1.5rem;border:2px solid transparent;"		\
	"border-radius:.75rem;background:var(--key);color:var(--key-on);" \
	"font:inherit;font-size:1.0625rem;font-weight:600;cursor:pointer}" \
	"button:hover{background:var(--key-over)}"			\
	"button:focus-visible{outline:3px solid var(--focus);"		\
	"outline-offset:3px}"						\
	"button svg{width:1.25rem;height:1.25rem;flex:none}"		\
	".note{margin:1rem 0 0;color:var(--quiet);font-size:.875rem}"	\
	"p.say{margin:0;color:var(--quiet)}"				\
	".say+.say{margin-top:.75rem}"					\
	".bare h1{margin-bottom:.75rem}"				\
	"@media (max-width:30rem){dl div{grid-template-columns:1fr}"	\
	"body{justify-content:flex-start}}"				\
	"@media (forced-colors:active){.mark{border:1px solid}}"	\
	"@media print{form,.note{display:none}main{border:0;box-shadow:none}}"

#endif
