# A short run of every fuzzer; the seed is fixed, so that what it finds is the change's and not the day's.
exec ./x fuzz --build asan --seconds 8 --seed 1
