/* SPDX-License-Identifier: MIT */
/* Room in the kernel's image, before there is memory to allocate. */
#ifndef IMAGE_STORAGE_H
#define IMAGE_STORAGE_H

enum { IMAGE_STORAGE_SIZE = 64 * 1024 };
extern unsigned char image_storage[IMAGE_STORAGE_SIZE];

/* As pointers: an array of C is a tuple in Swift, of as many elements. */
static inline void *image_storage_start(void) { return image_storage; }
static inline void *image_storage_end(void) { return image_storage + IMAGE_STORAGE_SIZE; }

#endif
