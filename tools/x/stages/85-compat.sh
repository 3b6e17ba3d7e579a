# Clients and programs of many languages, each feature of each; what was found must be what docs/compatibility.md says.
# needs: tests/compat/CMakeLists.txt
exec ./x compat
