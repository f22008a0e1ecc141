package program

import (
	"slices"

	"github.com/zhisu/zhisu/internal/wechat"
)

// Set is a permission set (权限集) as merchants meet it in WeChat's console. Source: reference/wechat-open-platform.md §6.
type Set struct {
	ID        int
	Name      string
	Exclusive bool
	Required  bool
	// Without says what does not work while the set is missing.
	Without string
}

// Sets lists what we ask for, most important first.
var sets = []Set{
	{ID: 76, Name: "小程序违规与交易投诉管理", Exclusive: true, Required: true, Without: "收不到新投诉，也不能回应"},
	{ID: 151, Name: "小程序交易保障", Required: true, Without: "看不到交易体验分和扣分记录"},
	{ID: 19, Name: "小程序客服管理", Without: "不能上传凭证图片"},
}

// uploadSets each allow uploading evidence; one of them is enough.
var uploadSets = []int{19, 30}

// SetByID describes a permission set; unknown ids get a generic description.
func SetByID(id int) Set {
	for _, s := range sets {
		if s.ID == id {
			return s
		}
	}
	return Set{ID: id, Name: "权限集", Without: "相关接口无法调用"}
}

// Missing returns the sets that are required or wanted and not usable, most important first. A direct-mode program needs none.
func (p *Program) Missing() []int {
	if p.Mode == Direct || p.State == Revoked {
		return []int{}
	}
	return p.missingSets()
}

func (p *Program) missingSets() []int {
	missing := []int{}
	has := func(id int) bool { return slices.Contains(p.GrantedSets.V, id) }
	for _, s := range sets {
		ok := has(s.ID)
		if slices.Contains(uploadSets, s.ID) {
			ok = slices.ContainsFunc(uploadSets, has)
		}
		if !ok || slices.Contains(p.DeniedSets.V, s.ID) {
			missing = append(missing, s.ID)
		}
	}
	for _, id := range p.DeniedSets.V {
		if !slices.Contains(missing, id) {
			missing = append(missing, id)
		}
	}
	return missing
}

// CallSets names the permission sets of the calls this package's users make, so that a refusal can be pinned to one of them.
var (
	ComplaintSets = []int{wechat.SetComplaints}
	UploadSets    = uploadSets
	GuaranteeSets = []int{wechat.SetGuarantee}
)
