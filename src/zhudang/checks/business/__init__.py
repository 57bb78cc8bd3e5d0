"""Business review (业务审查, C4): what stands on the page, and whether it agrees with what was written about it.

Kept apart from the four properties. What is seen by machine here is pencil: every finding asks a person to look.

    page.py          what was seen on one page: words with places, red stamps, ink
    stamps.py        red seals and stamps in a picture of a page
    signing_boxes.py boxes for signatures and stamps that stand empty
    title_block.py   the title block (图标) of a drawing
    agreement.py     description against what the document says
    sets.py          sequences, duplicates and near-identical pages among many
    look.py          all of it on one PDF, inside a worker
"""
