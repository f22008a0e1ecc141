package app

import "github.com/zhisu/zhisu/internal/report"

// buildReports lets reports read what is counted of complaints.
func (a *App) buildReports() *report.Service { return report.New(a.Complaints) }
