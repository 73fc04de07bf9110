// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library that returns the time and a random number.
#include <wasi/api.h>

__attribute__((export_name("now"))) long long now(int clock)
{
    __wasi_timestamp_t time;
    return __wasi_clock_time_get((__wasi_clockid_t)clock, 0, &time) ? -1 : (long long)time;
}

__attribute__((export_name("random"))) int random_number(void)
{
    int number;
    return __wasi_random_get((uint8_t*)&number, sizeof number) ? -1 : number;
}
