/* SPDX-License-Identifier: MIT */
/* Without an initialiser it lies in .bss, which takes no room in the file. */
#include "ImageStorage.h"

_Alignas(16) unsigned char image_storage[IMAGE_STORAGE_SIZE];
