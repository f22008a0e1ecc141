package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/evidence"
	"github.com/zhisu/zhisu/internal/evidence/picture"
	"github.com/zhisu/zhisu/internal/identity"
)

func (a *API) evidenceRoutes() {
	upload := created(op(http.MethodPost, "/evidence", "upload-evidence", "evidence", "Upload a picture: JPEG, PNG, GIF or WebP, at most 20 MB"))
	handle(a, identity.RightCasesAct, upload, a.uploadEvidence)
	handle(a, identity.RightCasesRead, op(http.MethodGet, "/evidence/{id}", "get-evidence", "evidence", "One picture's facts"), a.getEvidence)
	handleAs(a, identity.RightCasesRead, op(http.MethodGet, "/evidence/{id}/file", "get-evidence-file", "evidence", "The picture as it is sent to WeChat"), a.evidenceFile)
	handle(a, identity.RightCasesAct, created(op(http.MethodPost, "/evidence/{id}/edit", "edit-evidence", "evidence", "Turn a picture and hide parts of it; makes a new one")), a.editEvidence)
	handleAs(a, identity.RightCasesAct, op(http.MethodDelete, "/evidence/{id}", "delete-evidence", "evidence", "Remove a picture that was not sent"), a.deleteEvidence)
}

type evidenceView struct {
	ID          string  `json:"id"`
	URL         string  `json:"url" doc:"Where the picture is; needs the same credentials. ?thumb=1 is small, ?original=1 what was uploaded"`
	Width       int64   `json:"width"`
	Height      int64   `json:"height"`
	Size        int64   `json:"size" doc:"Bytes"`
	ContentType string  `json:"content_type"`
	Name        string  `json:"name"`
	ComplaintID *string `json:"complaint_id"`
	ParentID    *string `json:"parent_id" doc:"The picture it was made of"`
	CreatedAt   db.Time `json:"created_at" doc:"Unix ms"`
	CreatedBy   string  `json:"created_by"`
}

func evidenceViewOf(e *evidence.Evidence) evidenceView {
	return evidenceView{
		ID: e.ID, URL: "/api/v1/evidence/" + e.ID + "/file", Width: e.Width, Height: e.Height, Size: e.Size, ContentType: e.ContentType, Name: e.Name,
		ComplaintID: orNil(e.ComplaintID), ParentID: orNil(e.ParentID), CreatedAt: e.CreatedAt, CreatedBy: e.UploaderName,
	}
}

type uploadInput struct {
	RawBody huma.MultipartFormFiles[struct {
		File        huma.FormFile `form:"file" required:"true" doc:"The picture"`
		ComplaintID string        `form:"complaint_id" required:"false" doc:"The case it is for"`
	}]
}

func (a *API) uploadEvidence(ctx context.Context, in *uploadInput) (*body[evidenceView], error) {
	form := in.RawBody.Data()
	defer func() { _ = form.File.Close() }()
	if form.ComplaintID != "" || who(ctx).Via == identity.ViaLink {
		if _, err := a.complaint(ctx, form.ComplaintID); err != nil {
			return nil, err
		}
	}
	if form.File.Size > picture.MaxUpload {
		return nil, picture.ErrSize
	}
	content := make([]byte, form.File.Size)
	if _, err := form.File.ReadAt(content, 0); err != nil && form.File.Size > 0 {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	p := who(ctx)
	e, err := a.Evidence.Add(ctx, evidence.Upload{
		Content: content, Name: form.File.Filename, ComplaintID: form.ComplaintID, UploaderID: p.UserID, UploaderName: p.Name,
	})
	if err != nil {
		return nil, err
	}
	return &body[evidenceView]{evidenceViewOf(e)}, nil
}

// evidenceOf returns a picture for who may see it: its uploader, and who may see its case.
func (a *API) evidenceOf(ctx context.Context, id string) (*evidence.Evidence, error) {
	e, err := a.Evidence.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if e.UploaderID == who(ctx).UserID && who(ctx).Via != identity.ViaLink {
		return e, nil
	}
	if e.ComplaintID == "" {
		return nil, errNotFound
	}
	if _, err := a.complaint(ctx, e.ComplaintID); err != nil {
		return nil, err
	}
	return e, nil
}

// usable checks that somebody may send pictures with a case.
func (a *API) usable(ctx context.Context, complaintID string, ids []string) error {
	for _, id := range ids {
		e, err := a.evidenceOf(ctx, id)
		if err != nil || e.ComplaintID != "" && e.ComplaintID != complaintID {
			return invalid("evidence_ids", "有一张图片找不到了，请重新上传")
		}
	}
	return nil
}

func (a *API) getEvidence(ctx context.Context, in *ByID) (*body[evidenceView], error) {
	e, err := a.evidenceOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[evidenceView]{evidenceViewOf(e)}, nil
}

type evidenceFileInput struct {
	ByID
	Original bool `query:"original"`
	Thumb    bool `query:"thumb"`
}

// file is a picture as an answer. It never changes under its address, and only who may ask for it may keep it.
type file struct {
	ContentType        string `header:"Content-Type"`
	CacheControl       string `header:"Cache-Control"`
	ContentDisposition string `header:"Content-Disposition"`
	Policy             string `header:"Content-Security-Policy"`
	Body               []byte
}

func fileOf(content []byte, contentType, name string) *file {
	return &file{
		ContentType: contentType, CacheControl: "private, max-age=31536000, immutable", Body: content,
		ContentDisposition: "inline; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20"), Policy: "default-src 'none'; sandbox",
	}
}

func (a *API) evidenceFile(ctx context.Context, in *evidenceFileInput) (*file, error) {
	e, err := a.evidenceOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case in.Original:
		b, kind, err := a.Evidence.Original(ctx, e)
		return fileOf(b, kind, e.Name), err
	case in.Thumb:
		b, err := a.Evidence.Thumb(ctx, e)
		return fileOf(b, "image/jpeg", e.Name), err
	}
	b, kind, name, err := a.Evidence.Open(ctx, e.ID)
	return fileOf(b, kind, name), err
}

type editEvidenceInput struct {
	ByID
	Body struct {
		Rotate int              `json:"rotate,omitempty" enum:"0,90,180,270" doc:"Degrees clockwise, before anything is hidden"`
		Redact []picture.Region `json:"redact,omitempty" maxItems:"50" doc:"Rectangles to hide, in pixels of the turned picture"`
	}
}

func (a *API) editEvidence(ctx context.Context, in *editEvidenceInput) (*body[evidenceView], error) {
	e, err := a.evidenceOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p := who(ctx)
	next, err := a.Evidence.Edit(ctx, e, evidence.Change{Rotate: in.Body.Rotate, Redact: in.Body.Redact}, p.UserID, p.Name)
	if err != nil {
		return nil, err
	}
	return &body[evidenceView]{evidenceViewOf(next)}, nil
}

func (a *API) deleteEvidence(ctx context.Context, in *ByID) (*empty, error) {
	e, err := a.evidenceOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if p := who(ctx); p.Via == identity.ViaLink && e.UploaderID != p.UserID {
		return nil, errLoginWanted
	}
	return &empty{}, a.Evidence.Delete(ctx, e)
}
