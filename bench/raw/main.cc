// bench_raw COMMAND [name=value ...]: what the machine itself can do, for the ratios of ./x bench. Every command prints
// one JSON object.
#include "raw/raw.h"

using namespace distributary::bench;

int main(int count, char** words) {
  return run_command(count, words,
                     {{"send", send_from_file},
                      {"hops", hops},
                      {"sync", sync_writes},
                      {"ping", ping},
                      {"pull", pull},
                      {"serve", serve}});
}
