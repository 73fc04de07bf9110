// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/places.h"

namespace vitrine::core::console {

using debug::find_entity;
using debug::find_function;
using debug::find_module;
using debug::find_place;
using debug::find_places;

} // namespace vitrine::core::console
