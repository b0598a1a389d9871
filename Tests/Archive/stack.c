/* SPDX-License-Identifier: MIT */
/* How much stack each call of each header takes: it is made on a stack that was painted before, as it
 * goes well and as it is refused, before and after the hand-over, with and without bootmem_debug. */
#define _GNU_SOURCE /* swapcontext */
#include <stdio.h>
#include <ucontext.h>

#include "calls.h"

enum { LIMIT = 2048, STACK_SIZE = 1 << 16, PAINT = 0xa5 };

static unsigned char stack[STACK_SIZE] __attribute__((aligned(64)));

static struct call {
  const char *name;
  void (*good)(void), (*bad)(void);
  size_t most;
} calls[] = {
#define ROW(name, good, bad) {#name, good_##name, bad_##name, 0},
  CALLS(ROW)
};

/* ---- Measuring ---- */

static ucontext_t here, there;
static void (*body)(void);

static void trampoline(void) { body(); }
static void nothing(void) {}

/* The bytes of stack that a function of ours, and all that it calls, has touched. */
static size_t depth(void (*function)(void))
{
  size_t untouched = 0;

  memset(stack, PAINT, sizeof stack);
  body = function;
  getcontext(&there);
  there.uc_stack.ss_sp = stack;
  there.uc_stack.ss_size = sizeof stack;
  there.uc_link = &here;
  makecontext(&there, trampoline, 0);
  swapcontext(&here, &there);
  while (untouched < sizeof stack && stack[untouched] == PAINT) untouched++;
  return sizeof stack - untouched;
}

static void measure(struct call *call)
{
  static size_t frame;
  size_t most;

  if (frame == 0) frame = depth(nothing);
  most = depth(call->good);
  if (most - frame > call->most) call->most = most - frame;
  most = depth(call->bad);
  if (most - frame > call->most) call->most = most - frame;
}

int main(void)
{
  size_t count = sizeof calls / sizeof *calls, failed = 0;

  for (int debug = 0; debug < 2; debug++)
    for (struct call *call = calls; call < calls + count; call++) {
      set_up(debug);
      measure(call);
      set_up(debug);
      free_all_bootmem();
      measure(call);
      set_up(debug);
      bootmem_keep_pages();
      bootmem_set_caches(&caches);
      /* One page in a cache, which is wrong. */
      bootmem_caches_free(0x10, 0, 1);
      measure(call);
    }
  for (struct call *call = calls; call < calls + count; call++) {
    printf("%5zu bytes of stack: %s\n", call->most, call->name);
    if (call->most > LIMIT) {
      printf("%s takes more than %d bytes\n", call->name, LIMIT);
      failed++;
    }
  }
  printf("%zu passed, %zu failed\n", count - failed, failed);
  return failed != 0;
}
