package notify

import "context"

// rewatch computes anew when each duty has something to do.
func (s *Service) rewatch(context.Context) error { return nil }

// Watch looks at what a case asks for.
func (s *Service) Watch(context.Context, string) error { return nil }
