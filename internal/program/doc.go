// Package program owns the connected mini programs, the third-party platform account they authorise, the one-click authorisation, the
// health of permission sets, and the token keeper: the only place that obtains, keeps and hands out WeChat access tokens.
//
// Facts: reference/wechat-open-platform.md. It knows nothing of complaints.
package program
