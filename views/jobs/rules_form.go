package jobs

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

// mostKept bounds a count, which is far more than anybody keeps.
const mostKept = 1_000_000

// field is one rule of retention as a form and the configuration file know it.
type field struct {
	name, label, hint string
	// text writes the rule down; empty when there is none.
	text func(r models.Retention) string
	// set reads it; its error ends a sentence that begins with the field's label.
	set func(r *models.Retention, text string) error
}

var fields = []field{
	count("keep_last", "Newest copies", func(r *models.Retention) *int { return &r.Last }),
	count("hourly", "Hours", func(r *models.Retention) *int { return &r.Hourly }),
	count("daily", "Days", func(r *models.Retention) *int { return &r.Daily }),
	count("weekly", "Weeks", func(r *models.Retention) *int { return &r.Weekly }),
	count("monthly", "Months", func(r *models.Retention) *int { return &r.Monthly }),
	count("yearly", "Years", func(r *models.Retention) *int { return &r.Yearly }),
	{name: "keep_within", label: "Younger than", hint: "30d", text: func(r models.Retention) string { return spanText(r.Within) },
		set: func(r *models.Retention, text string) (err error) { r.Within, err = models.ParseSpan(text); return err }},
	{name: "max_size", label: "At most", hint: "200GB", text: func(r models.Retention) string { return sizeText(r.MaxSize) },
		set: func(r *models.Retention, text string) (err error) {
			r.MaxSize, err = models.ParseBytes(text)
			return err
		}},
}

func count(name, label string, place func(*models.Retention) *int) field {
	return field{name: name, label: label,
		text: func(r models.Retention) string {
			if n := *place(&r); n > 0 {
				return strconv.Itoa(n)
			}
			return ""
		},
		set: func(r *models.Retention, text string) error {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 || n > mostKept {
				return errCount
			}
			*place(r) = n
			return nil
		}}
}

var errCount = models.Invalidf("must be a whole number from 0 to %d", mostKept)

func spanText(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return models.SpanText(d)
}

// sizeText writes a size as models.ParseBytes reads it, in the largest unit in which
// it is whole to three decimals.
func sizeText(n int64) string {
	if n <= 0 {
		return ""
	}
	for _, unit := range []string{"TB", "GB", "MB", "TiB", "GiB", "MiB", "kB", "KiB"} {
		for decimals := range 4 {
			size, err := models.ParseBytes("1" + unit)
			if err != nil || n < size {
				break
			}
			text := strconv.FormatFloat(float64(n)/float64(size), 'f', decimals, 64) + unit
			if again, err := models.ParseBytes(text); err == nil && again == n {
				return text
			}
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// RulesForm are rules to try, as they were typed. Its address is the form: nothing of
// it is kept on the server, and a mistake takes nothing of it away.
type RulesForm struct {
	// Tried says that the form was sent; Typed is then what it has, by the field's name.
	Tried bool
	Typed map[string]string
}

// tryName is the parameter that says that the form was sent.
const tryName = "try"

// ParseRulesForm reads the form from an address.
func ParseRulesForm(q url.Values) RulesForm {
	f := RulesForm{Tried: q.Get(tryName) != "", Typed: map[string]string{}}
	for _, known := range fields {
		if text := strings.TrimSpace(q.Get(known.name)); text != "" {
			f.Typed[known.name] = text
		}
	}
	return f
}

// Query writes the form down as an address that ParseRulesForm reads.
func (f RulesForm) Query() url.Values {
	q := url.Values{}
	if !f.Tried {
		return q
	}
	q.Set(tryName, "1")
	for name, text := range f.Typed {
		q.Set(name, text)
	}
	return q
}

// Retention returns the rules that were typed. Problems says, by the field's name, what
// cannot be read; it is empty when all can, and names "" when there is no rule at all.
func (f RulesForm) Retention() (r models.Retention, problems map[string]string) {
	problems = map[string]string{}
	for _, known := range fields {
		text, ok := f.Typed[known.name]
		if !ok {
			continue
		}
		if err := known.set(&r, text); err != nil {
			problems[known.name] = known.label + " " + err.Error() + "."
		}
	}
	if len(problems) == 0 && r.IsZero() {
		problems[""] = "Type at least one rule: without any, everything is kept."
	}
	return r, problems
}
