#include "../../../../boot/tables.S"
