package jobs

import "strconv"

func planTitle(v View) string {
	switch {
	case v.Try.Tried && v.Try.YAML != "":
		return "What these rules would do"
	case v.Try.Tried:
		return "What the job’s own rules do"
	}
	return "What the rules do"
}

// planWords sums the plan up in a sentence.
func planWords(v View) string {
	goes, stays := v.Plan.Removes, v.Plan.Keeps
	would := v.Try.Tried && v.Try.YAML != ""
	switch {
	case goes.Copies == 0 && would:
		return "They would remove nothing: " + stays.Words() + " would stay."
	case goes.Copies == 0:
		return "Nothing is to be removed: " + stays.Words() + " " + stayWord(stays.Copies) + "."
	case would:
		return goes.Words() + " would go, and " + stays.Words() + " would stay."
	case v.Plan.Rests == "":
		return goes.Words() + " " + goWord(goes.Copies) + " by " + themselves(goes.Copies) + " soon, and " + stays.Words() + " " + stayWord(stays.Copies) + "."
	}
	return goes.Words() + " " + goWord(goes.Copies) + " once that is over, and " + stays.Words() + " " + stayWord(stays.Copies) + "."
}

func goWord(copies int) string {
	if copies == 1 {
		return "goes"
	}
	return "go"
}

func stayWord(copies int) string {
	if copies == 1 {
		return "stays"
	}
	return "stay"
}

func themselves(copies int) string {
	if copies == 1 {
		return "itself"
	}
	return "themselves"
}

func plainCount(n int) string { return strconv.Itoa(n) }

func plainBytes(n int64) string { return strconv.FormatInt(n, 10) }
