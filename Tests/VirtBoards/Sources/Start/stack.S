#include "../../../../boot/stack.S"
