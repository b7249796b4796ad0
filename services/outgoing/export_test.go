package outgoing

// Through lets tests say which proxy there is.
var Through = (*Policy).through
