"""Verification library and command line of SkillTrace. Installs alone, starts fast, trusts nobody."""
