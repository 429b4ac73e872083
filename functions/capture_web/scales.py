"""How each scale looks: one mark per rating, drawn in the colour of the text, since fonts differ."""

from shared.model.scales import Scale

_FACE = '<circle cx="16" cy="16" r="13"/><path d="M11.5 12.5v1m9-1v1"/><path d="{}"/>'
_MOUTHS = {
    1: "M10.5 23c2-5.5 9-5.5 11 0M9 9.5l4 2m10-2-4 2",
    2: "M10.5 21.5c2.5-2.5 8.5-2.5 11 0",
    3: "M10.5 20.5h11",
    4: "M10.5 19.5c2.5 3 8.5 3 11 0",
    5: "M9.5 18.5h13c-1 7-12 7-13 0z",
}
_STAR = '<path d="m16 4 3.7 7.6 8.3 1.2-6 5.9 1.4 8.3-7.4-3.9L8.6 27l1.4-8.3-6-5.9 8.3-1.2z"/>'
_THUMB = (
    '<path d="M10 14v13H5V14zm0 1 5-10c3 0 4 2 3.5 4.5L18 13h7c2 0 3 1.5 2.5 3.5l-2 8C25 26.1 24 27 22.5 27H10" {}/>'
)


def mark(scale: Scale, rating: int) -> str:
    """The inside of a 32×32 SVG; empty for scales that are read as words or numbers."""
    if scale is Scale.SMILE5:
        return _FACE.format(_MOUTHS[rating])
    if scale is Scale.STARS5:
        return _STAR
    if scale is Scale.THUMBS:
        return _THUMB.format("" if rating else 'transform="matrix(1 0 0 -1 0 32)"')
    return ""
