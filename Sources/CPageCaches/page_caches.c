/* SPDX-License-Identifier: MIT */
/* All is inline; a package's target of C has a file. */
#include "page_caches.h"
