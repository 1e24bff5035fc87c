package export

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// stamps reads times as exports write them: ISO 8601, seconds or milliseconds since
// 1970, and those of a language, such as 31/12/2026 9:05 PM.
type stamps struct {
	zone *time.Location
	// order is "dmy" or "mdy" once it is known.
	order string
	// layout is that of the last stamp, which is tried first.
	layout string
}

// The orders of day and month.
const (
	dayFirst   = "dmy"
	monthFirst = "mdy"
)

var (
	local   = regexp.MustCompile(`^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})\b`)
	isoForm = []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 -0700",
		"2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04",
		"2006-01-02T15:04", "2006-01-02T15:04Z07:00", "2006-01-02 15:04 -0700",
	}
	clocks = []string{"15:04:05", "15:04", "3:04:05 PM", "3:04 PM"}
)

// learn takes what a stamp says about the order of day and month.
func (s *stamps) learn(text string) (reason string) {
	m := local.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	a, _ := strconv.Atoi(m[1])
	b, _ := strconv.Atoi(m[2])
	var order string
	switch {
	case a > 12:
		order = dayFirst
	case b > 12:
		order = monthFirst
	default:
		return ""
	}
	if s.order != "" && s.order != order {
		return fmt.Sprintf("in %q the %s comes first, and in a row above the other", text, map[string]string{dayFirst: "day", monthFirst: "month"}[order])
	}
	s.order = order
	return ""
}

// parse returns the time in milliseconds since 1970, or why there is none.
func (s *stamps) parse(text string) (at int64, reason string) {
	if at, ok := sinceEpoch(text); ok {
		return at, ""
	}
	plain := strings.TrimSuffix(strings.ToUpper(strings.ReplaceAll(text, ",", "")), " UTC")
	zone := s.zone
	if len(plain) < len(text) && strings.HasSuffix(strings.ToUpper(text), " UTC") {
		zone = time.UTC
	}
	layouts := isoForm
	if m := local.FindStringSubmatch(plain); m != nil {
		if s.order == "" {
			return 0, fmt.Sprintf("%q may be two days, and no row tells the day from the month; --dates dmy or mdy does", text)
		}
		plain = m[1] + "/" + m[2] + "/" + m[3] + plain[len(m[0]):]
		layouts = s.localForms(len(m[3]) == 2)
	}
	for i := -1; i < len(layouts); i++ {
		layout := s.layout
		if i >= 0 {
			layout = layouts[i]
		}
		if t, err := time.ParseInLocation(layout, plain, zone); layout != "" && err == nil {
			if s.layout = layout; t.Year() < 1990 || t.Year() > 2100 {
				return 0, fmt.Sprintf("%q is in the year %d", text, t.Year())
			}
			return t.UnixMilli(), ""
		}
	}
	return 0, fmt.Sprintf("%q is no time", text)
}

func (s *stamps) localForms(shortYear bool) []string {
	date := "2/1/2006"
	if s.order == monthFirst {
		date = "1/2/2006"
	}
	if shortYear {
		date = strings.TrimSuffix(date, "2006") + "06"
	}
	forms := make([]string, 0, 2*len(clocks))
	for _, c := range clocks {
		forms = append(forms, date+" "+c)
	}
	return forms
}

// sinceEpoch reads seconds since 1970, whole or not, or milliseconds.
func sinceEpoch(text string) (int64, bool) {
	whole, _, _ := strings.Cut(text, ".")
	if !isDigits(whole) || len(whole) < 9 {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, false
	}
	if len(whole) < 12 {
		n *= 1000
	}
	if n > 4.2e12 { // the year 2103
		return 0, false
	}
	return int64(math.Round(n)), true
}

// seconds reads a duration in seconds, -1 for none.
func seconds(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 0 || n > 1e8 || math.IsNaN(n) {
		return -1
	}
	return n
}
