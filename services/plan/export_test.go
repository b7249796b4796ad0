package plan

// What a server does now and then, for tests that do not wait for it.
var (
	TellTaken = (*Service).tellTaken
	Follow    = (*Service).follow
)
