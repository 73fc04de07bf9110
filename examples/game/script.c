// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A ball between two walls. Only `update` is exported. script.wasm is made of this, in this folder, by
// clang-22 --target=wasm32 -nostdlib -g -fdebug-compilation-dir=. -Wl,--no-entry script.c -o script.wasm

static double ball = 20;  // columns from the left wall
static double speed = 30; // columns per second
static int bounces = 0;

static void bounce(double wall)
{
    ball = wall;
    speed = -speed;
    bounces += 1;
}

// Called once per frame with the seconds since the last one. Returns where the ball is.
__attribute__((export_name("update"))) double update(double dt)
{
    ball += speed * dt;
    if (ball < 0)
        bounce(0);
    if (ball > 40)
        bounce(40);
    return ball;
}
