/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The version of these headers, for C and C++. The build reads it here. C++ programs see all macros of this
 * header, so it has no others.
 */
#pragma once

#define VITRINE_VERSION_MAJOR 0
#define VITRINE_VERSION_MINOR 1
#define VITRINE_VERSION_PATCH 0
