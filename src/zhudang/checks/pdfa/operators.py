"""Operators of content streams (ISO 32000, annex A), by what the rules ask of them."""

_PAINTING = "b B b* B* f F f* S s n W W* m l c v y h re sh Do"
_STATE = "q Q cm w J j M d ri i gs BI ID EI BX EX"
_COLOUR = "CS cs SC SCN sc scn G g RG rg K k"
_TEXT = "BT ET Tc Tw Tz TL Tf Tr Ts Td TD Tm T* Tj TJ ' \" d0 d1"
_IDLE = "m l c v y h re n W W* w J j M d i cm BT ET Td TD Tm T* Tc Tw Tz TL Ts"
_MARKS = "MP DP BMC BDC EMC"
OPERATORS = {*_PAINTING.split(), *_STATE.split(), *_COLOUR.split(), *_TEXT.split(), *_MARKS.split(), "INLINE IMAGE"}
FILLS = {"f", "F", "f*", "b", "b*", "B", "B*"}
STROKES = {"S", "s", "b", "b*", "B", "B*"}
SHOWS = {"Tj", "TJ", "'", '"'}
IDLE_OPERATORS = {*_IDLE.split()}
"""Of these no rule asks anything but that their numbers keep the limits."""
INLINE_FILTERS = {
    "/ASCIIHexDecode", "/ASCII85Decode", "/FlateDecode", "/RunLengthDecode", "/CCITTFaxDecode", "/DCTDecode", "/AHx",
    "/A85", "/Fl", "/RL", "/CCF", "/DCT",
}  # fmt: skip
RESOURCE_OPERATORS = {"Tf": "/Font", "Do": "/XObject", "gs": "/ExtGState", "sh": "/Shading"}
