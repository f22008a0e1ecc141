package api

import (
	"context"
	"net/http"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/identity"
)

func (a *API) imageRoutes() {
	handleAs(a, identity.RightCasesRead, op(http.MethodGet, "/complaints/{id}/images/{sha}", "get-complaint-image", "complaints",
		"Our copy of a picture that WeChat shows with the complaint"), a.complaintImage)
}

// archivedOf shows our copies in place of WeChat's links, which expire.
func archivedOf(complaintID string, urls []string, copies map[string]string) []image {
	out := imagesOf(urls)
	for i, u := range urls {
		if sha := copies[complaint.ImageLink(u)]; sha != "" {
			out[i] = image{URL: "/api/v1/complaints/" + complaintID + "/images/" + sha, Archived: true, SHA256: &sha}
		}
	}
	return out
}

type complaintImageInput struct {
	ByID
	SHA string `path:"sha" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]+$"`
}

func (a *API) complaintImage(ctx context.Context, in *complaintImageInput) (*file, error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	content, kind, err := a.Complaints.OpenImage(ctx, c.ID, in.SHA)
	if err != nil {
		return nil, err
	}
	return fileOf(content, kind, in.SHA[:12]), nil
}
