"""Files as they come from building sites: forms, drawings, models, photographs — some deliberately wrong."""
