"""The SkillTrace service: records, countersigning, anchoring and publication."""
