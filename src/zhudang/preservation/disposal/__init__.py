"""Appraisal and disposal (鉴定销毁): proposed, appraised, approved, waited for, witnessed, executed, kept as a list for ever.

Nothing else in the product removes what is preserved. Reading order: `cases`, `lines`, `signing`, `executing`, `removing`,
`tombstone`, `registers`, `checking`, `lists`.
"""
