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
// All state is in memory behind one mutex. Times in the control API are Unix milliseconds, money is fen; times in WeChat's
// own shapes are Unix seconds, as WeChat sends them.
package wechatsim
