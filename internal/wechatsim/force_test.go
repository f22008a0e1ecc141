package wechatsim

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

func TestEveryStatusCanBeForcedAndIsPushed(t *testing.T) {
	w := newWorld(t).run()
	token, _ := w.authorizer(shopID)
	id := w.file()
	w.idle()
	for status := range statusWords {
		w.product.forget()
		code, a := w.do(http.MethodPost, "/control/complaints/"+id+"/set", `{"status":`+strconv.Itoa(status)+`,"expires_in":0}`)
		equal(t, "HTTP status", code, http.StatusOK)
		equal(t, "control's view", int(a["status"].(float64)), status)
		w.idle()
		pushes := w.product.received("complaint_callback")
		if len(pushes) != 1 {
			t.Fatalf("%d pushes for status %d", len(pushes), status)
		}
		contains(t, pushes[0].plain, "<status><![CDATA["+strconv.Itoa(status)+"]]></status>")
		order := w.get(complaintPrefix+"complaintOrderDetail?complaintOrderId="+id, token).obj("complaintOrder")
		equal(t, "detail", int(order["status"].(float64)), status)
	}
	_, a := w.do(http.MethodPost, "/control/complaints/"+id+"/set", `{"status":777,"silent":true}`)
	equal(t, "unknown status", int(a["status"].(float64)), 777)
}

func TestForcedStatesHaveTheDeadlinesOfTheirKindAndParcels(t *testing.T) {
	w := newWorld(t)
	id := w.file()
	status, appeal := 206, 401
	must(t, w.sim.SetComplaint(id, ComplaintChange{Status: &status, AppealState: &appeal, Return: &ReturnChange{ReturnID: "77", OrderStatus: 4}}))
	v := w.view(id)
	equal(t, "deadline", *v.ExpiresAt, testStart.Add(48*time.Hour).UnixMilli())
	equal(t, "appeal deadline", *v.AppealExpiresAt, testStart.Add(72*time.Hour).UnixMilli())
	equal(t, "parcel", v.ReturnID, "77")
	must(t, w.sim.AdvanceClock(49*time.Hour))
	equal(t, "lapsed by the rules", w.view(id).Status, 208)
	if status, _ := w.do(http.MethodPost, "/control/complaints/1/set", `{}`); status != http.StatusNotFound {
		t.Errorf("an unknown complaint is answered %d", status)
	}
	if status, _ := w.do(http.MethodPost, "/control/complaints/"+id+"/set", `{"status":-1}`); status != http.StatusBadRequest {
		t.Errorf("a negative status is answered %d", status)
	}
}
