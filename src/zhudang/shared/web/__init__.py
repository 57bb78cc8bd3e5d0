"""What pages share: tags, drawings, lists, exports, refusals."""
