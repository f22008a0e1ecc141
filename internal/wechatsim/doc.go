// Package wechatsim plays WeChat's side for tests and for `zhisu demo`: the Open Platform (tickets, tokens, one-click
// authorisation), the complaint API of mini programs, the encrypted push to the product, an SMTP sink that receives the
// product's mails, and a page that shows all of it as a phone.
//
// WeChat Pay is played by the package paysim below, mounted here with its controls: /control/merchants, /control/orders, /control/pay, /control/refunds, and faults
// whose target begins with pay. (paysim.Fault).
//
// It is written from reference/wechat-open-platform.md and reference/wechat-complaint-api.md alone and shares no code with
// the product's client: its signature, its cipher and its JSON shapes are its own, so that the two understanding each other
// proves something. It must never be imported by code that serves real traffic, and it must never import internal/wechat.
//
// It is strict: wrong method, wrong parameter, wrong token, missing permission set and wrong state are refused with the
// codes of the reference. Where the reference says "unknown", a setting or a variant switches between the possible answers.
//
// Beside it stand an official account and Tencent Cloud SMS (/control/offiaccount, /control/sms), the group robots of WeCom, DingTalk and Feishu and a receiver of
// signed webhooks (reference/notification-channels.md), and, for a program that uses its own AppSecret, pushes to its own server in the mode and format it chose.
//
// The control API, all JSON; unknown fields are refused:
//
//	POST /control/complaints {appid, type?, amount?, content?, images?, …}     a user complains (Filing)
//	GET  /control/complaints[/{id}]                                            WeChat's view, with every call received
//	POST /control/complaints/{id}/advance {event, …}                           an event that the rules allow (AdvanceOptions)
//	POST /control/complaints/{id}/set {status?, appeal_state?, return?, …}     any state, whatever the rules say (ComplaintChange)
//	GET, DELETE /control/outbox                                                emails, sms, templates, robots
//	GET, POST, DELETE /control/faults                                          the next calls fail (Fault): an API's name or path, smtp, robot.wecom, pay.…
//	GET, POST /control/clock {advance_seconds}                                 WeChat's clock only
//	GET, POST /control/settings, POST /control/variants                        what the reference leaves open (Settings, Variants)
//	GET, POST /control/programs                                                programs, with secret and push for direct ones (Program)
//	POST /control/programs/{appid}/push {url, token, aes_key, mode, format}    the program's own server, after the echostr check (PushSetup)
//	POST /control/programs/{appid}/secret {secret?, frozen?, barred?}          reset; 40243; 40164 (SecretChange)
//	POST /control/authorize, /control/unauthorize, /control/standing           the program's admin, the program's score
//	POST /control/penalties                                                    points taken off, and what became of an appeal
//	POST /control/push, GET /control/pushes, POST /control/pushes/hold|release single pushes right or wrong (RawPush), the delivery log
//	POST /control/keys, /control/ticket, /control/tokens/invalidate, /control/endpoints, /control/release-check
//	GET, POST /control/robots {kind, key?, secret?, keywords?, removed?}       robots and their addresses (Robot)
//
// All state is in memory behind one mutex. Times in the control API are Unix milliseconds, money is fen; times in WeChat's
// own shapes are Unix seconds, as WeChat sends them.
package wechatsim
