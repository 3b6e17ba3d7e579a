# The rules of the tree.
exec ./x tidy
