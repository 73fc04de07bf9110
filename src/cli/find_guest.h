// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "net/guests.h"

#include <string>
#include <string_view>

namespace vitrine::cli {

/// `4242 app.wasm input.txt`
std::string line_of(const core::net::RunningGuest& guest);

/// The address of the door for editors of the guest that a text means (`net::guests_named`); with
/// no text, of the only one that there is. The error says which guests there are.
core::Result<std::string> find_door(std::string_view text);

} // namespace vitrine::cli
