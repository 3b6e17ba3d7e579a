# A short run of every fuzzer.
exec ./x fuzz --build asan --seconds 8
