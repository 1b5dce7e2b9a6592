"""The community sample through a real service: fifteen organisations, three years, reports, their audit."""
