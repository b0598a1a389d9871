/* SPDX-License-Identifier: MIT */
/* What Swift's Dictionary and Set compute their capacity with (swiftlang/swift#73583): rounding up.
 * For a bare machine only; weak, for kernels that have it. */
#include "runtime_heap.h"

#if !defined(RUNTIME_HEAP_HOSTED)

#if (defined(__i386__) || defined(__x86_64__)) && !defined(__SSE2__)

/* Without SSE the argument is on the stack and the result in the coprocessor's register, which C can
 * say on neither of the two. */
#if defined(__x86_64__)
#define STACK "%rsp"
#define FIRST_ARGUMENT "8(%rsp)"
#define ROOM "$8, %rsp"
#define ADD "addq "
#define SUBTRACT "subq "
#else
#define STACK "%esp"
#define FIRST_ARGUMENT "4(%esp)"
#define ROOM "$8, %esp"
#define ADD "addl "
#define SUBTRACT "subl "
#endif

__asm__(
    "  .section .text.ceil, \"ax\", @progbits\n"
    "  .weak ceil\n"
    "  .type ceil, @function\n"
    "ceil:\n"
    "  fldl " FIRST_ARGUMENT "\n"
    "  " SUBTRACT ROOM "\n"
    "  fnstcw (" STACK ")\n"
    "  movzwl (" STACK "), %eax\n"
    "  andl $~0x0c00, %eax\n"           /* rounding, bits 10 and 11: 2 is up */
    "  orl $0x0800, %eax\n"
    "  movw %ax, 4(" STACK ")\n"
    "  fldcw 4(" STACK ")\n"
    "  frndint\n"
    "  fldcw (" STACK ")\n"
    "  " ADD ROOM "\n"
    "  ret\n"
    "  .size ceil, . - ceil\n"
    "  .text\n");

#elif defined(__aarch64__) && !defined(__ARM_FP)

/* C that is compiled for general registers only has no floating-point numbers; Swift's code passes them
 * in a vector register all the same. */
__asm__(
    "  .section .text.ceil, \"ax\", @progbits\n"
    "  .weak ceil\n"
    "  .type ceil, @function\n"
    "ceil:\n"
    "  .arch_extension fp\n"
    "  frintp d0, d0\n"
    "  ret\n"
    "  .size ceil, . - ceil\n"
    "  .text\n");

#else

/* Where compilers have no instruction for it they would make a call to this function of the built-in
 * one. */
double ceil(double value);
__attribute__((weak)) double ceil(double value)
{
  /* From 2^52 on there are no fractions; infinities and what is not a number stay as they are. */
  if (!(value > -4503599627370496.0 && value < 4503599627370496.0))
    return value;
  double whole = (double)(long long)value;
  double up = whole < value ? whole + 1.0 : whole;
  /* The sign of zero is the argument's. */
  return __builtin_copysign(up, value);
}

#endif
#endif
