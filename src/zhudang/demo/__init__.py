"""The demo city 云溪县: invented, made by code, the same each time; it goes in by the same operations as everyone's."""
