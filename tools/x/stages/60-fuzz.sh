# A short run of every fuzzer.
exec ./x fuzz --seconds 8
