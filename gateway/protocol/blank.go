package protocol

import "unicode"

// Blank reports whether a text shows nothing: it is empty, or has only spaces, line
// breaks, controls and characters that draw nothing.
func Blank(text string) bool {
	for _, r := range text {
		if !invisible(r) {
			return false
		}
	}
	return true
}

// invisible is decided by properties of Unicode: White_Space, Cc and
// Default_Ignorable_Code_Point, and a few more that draw nothing without being
// either. testdata/invisible.json lists the result, and the client's isBlank is tested
// with the same list.
func invisible(r rune) bool {
	if ' ' < r && r < 0x7f {
		return false
	}
	return unicode.In(r, unicode.White_Space, unicode.Cc, drawsNothing,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		unicode.Is(unicode.Cf, r) && !unicode.In(r, unicode.Prepended_Concatenation_Mark, unicode.Egyptian_Hieroglyphs)
}

// drawsNothing holds the braille pattern without dots and the musical null
// notehead, which are symbols.
var drawsNothing = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}},
}

// visible checks a text that must show something.
func visible(field, value string) *Refusal {
	if value == "" {
		return missing(field)
	}
	if Blank(value) {
		return refuse(CodeBadField, field, "Put something into "+field+" that can be seen: it holds only spaces and invisible characters.")
	}
	return nil
}

// An optional text that is blank counts as left out.

func (f *Join) dropBlank()     { dropIfBlank(&f.Topic) }
func (f *Rate) dropBlank()     { dropIfBlank(&f.Comment) }
func (f *Transfer) dropBlank() { dropIfBlank(&f.Note) }
func (f *Pause) dropBlank()    { dropIfBlank(&f.Reason) }

func dropIfBlank(text *string) {
	if Blank(*text) {
		*text = ""
	}
}
