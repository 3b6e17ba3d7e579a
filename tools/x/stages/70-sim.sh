# A slice of the simulation; the seeds are fixed, so that a failure is the change's and not the day's.
# needs: tests/sim/CMakeLists.txt
exec ./x sim --seeds 1..200
