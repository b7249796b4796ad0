package components

// Tone is what a part says before it is read: the colour it has.
type Tone string

// The tones. Colour never stands alone; every toned part also has words.
const (
	ToneGood  Tone = "good"
	ToneBusy  Tone = "busy"
	ToneWarn  Tone = "warn"
	ToneBad   Tone = "bad"
	ToneQuiet Tone = "quiet"
)

// class returns the style class of the tone. Names are whole, because the style
// sheet is compiled from the names it finds.
func (t Tone) class() string {
	switch t {
	case ToneGood:
		return "tone-good"
	case ToneBusy:
		return "tone-busy"
	case ToneWarn:
		return "tone-warn"
	case ToneBad:
		return "tone-bad"
	}
	return "tone-quiet"
}

// Edged returns the classes of a panel whose edge has the tone.
func (t Tone) Edged() string { return "tone-edge " + t.class() }

// Ink returns the classes of text in the tone.
func (t Tone) Ink() string { return "tone-ink " + t.class() }

// Wash returns the classes of a surface in the tone.
func (t Tone) Wash() string { return "tone-wash " + t.class() }
