package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/zhisu/zhisu/internal/identity"
)

// op describes one operation; ids are verb-noun, as generated clients name their functions.
func op(method, path, id, tag, summary string) huma.Operation {
	o := huma.Operation{Method: method, Path: "/api/v1" + path, OperationID: id, Tags: []string{tag}, Summary: summary}
	if method == http.MethodDelete {
		o.DefaultStatus = http.StatusNoContent
	}
	return o
}

func accepted(o huma.Operation) huma.Operation {
	o.DefaultStatus = http.StatusAccepted
	return o
}

func created(o huma.Operation) huma.Operation {
	o.DefaultStatus = http.StatusCreated
	return o
}

// routes is the whole API on one page.
func (a *API) routes() {
	const (
		get   = http.MethodGet
		post  = http.MethodPost
		put   = http.MethodPut
		patch = http.MethodPatch
		del   = http.MethodDelete
	)

	handle(a, public, op(get, "/setup", "get-setup", "session", "Whether the installation has an owner yet"), a.getSetup)
	handle(a, public, op(post, "/setup", "do-setup", "session", "Create the owner from the first-run link and log in"), a.doSetup)
	handle(a, public, op(post, "/session", "login", "session", "Log in"), a.login)
	handleAs(a, public, op(del, "/session", "logout", "session", "Log out"), a.logout)
	handle(a, anyone, op(get, "/me", "get-me", "session", "Who is asking"), a.getMe)

	handle(a, identity.RightPlatform, op(get, "/platform", "get-platform", "platform", "The third-party platform, without secrets"), a.getPlatform)
	handle(a, identity.RightPlatform, op(put, "/platform", "put-platform", "platform", "Set the third-party platform"), a.putPlatform)
	handle(a, identity.RightPlatform, op(post, "/platform/generate", "generate-platform-secrets", "platform", "Make a Token and a Key to paste into WeChat's console"), a.generatePlatform)
	handle(a, identity.RightPlatform, op(post, "/platform/check", "check-platform", "platform", "Try to get a platform token now and report every check"), a.checkPlatform)

	handle(a, identity.RightCasesRead, op(get, "/programs", "list-programs", "programs", "Programs"), a.listPrograms)
	handle(a, identity.RightPrograms, created(op(post, "/programs", "create-program", "programs", "Connect a program with its own AppSecret")), a.createProgram)
	handle(a, identity.RightPrograms, created(op(post, "/programs/authorizations", "authorize-program", "programs", "Make a link that leads to WeChat's authorisation page")), a.startAuthorization)
	handle(a, identity.RightCasesRead, op(get, "/programs/{id}", "get-program", "programs", "One program"), a.getProgram)
	handle(a, identity.RightMerchants, op(patch, "/programs/{id}", "update-program", "programs", "Enable, disable, tag or assign a program; who manages merchants only, may set its merchant only"), a.updateProgram)
	handleAs(a, identity.RightPrograms, op(del, "/programs/{id}", "delete-program", "programs", "Take a program off the list; its cases stay"), a.deleteProgram)
	handle(a, identity.RightPrograms, op(post, "/programs/{id}/refresh", "refresh-program", "programs", "Read name and permissions from WeChat again"), a.refreshProgram)

	handle(a, identity.RightCasesRead, op(get, "/workbench", "get-workbench", "complaints", "What needs attention now"), a.getWorkbench)
	handle(a, identity.RightCasesRead, op(get, "/complaints", "list-complaints", "complaints", "Complaints"), a.listComplaints)
	handle(a, identity.RightCasesRead, op(get, "/complaints/counts", "count-complaints", "complaints", "Number of complaints in every view"), a.countComplaints)
	handle(a, identity.RightCasesAct, accepted(op(post, "/complaints/import", "import-complaint", "complaints", "Add a complaint by its number")), a.importComplaint)
	handle(a, identity.RightCasesRead, op(get, "/complaints/{id}", "get-complaint", "complaints", "One complaint with everything that happened"), a.getComplaint)
	handle(a, identity.RightCasesAct, op(post, "/complaints/{id}/sync", "sync-complaint", "complaints", "Read the complaint at WeChat now"), a.syncComplaint)
	handle(a, identity.RightReveal, op(post, "/complaints/{id}/reveal", "reveal-complaint", "complaints", "Show personal data; recorded in the audit trail"), a.reveal)

	handle(a, identity.RightDeliveries, op(get, "/deliveries", "list-deliveries", "deliveries", "Raw pushes, newest first"), a.listDeliveries)
	handle(a, identity.RightDeliveries, op(get, "/deliveries/{id}", "get-delivery", "deliveries", "One raw push with its body"), a.getDelivery)
	handle(a, identity.RightDeliveries, accepted(op(post, "/deliveries/{id}/replay", "replay-delivery", "deliveries", "Work on a push again")), a.replayDelivery)

	a.inboxRoutes()
	a.noteRoutes()
	a.viewRoutes()
	a.bulkRoutes()
	a.exportRoutes()
	a.reportRoutes()
	a.standingRoutes()
	a.imageRoutes()
	a.actionRoutes()
	a.evidenceRoutes()
	a.userRoutes()
	a.notifyRoutes()
	a.linkRoutes()
	a.receiverRoutes()
	a.merchantRoutes()
	a.refundRoutes()
	a.reminderRoutes()
	a.gapRoutes()
	a.retentionRoutes()
	a.ruleRoutes()
}
