// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace vitrine::core {

/// A visitor for `std::visit` made of lambdas, one for each alternative.
template<class... F> struct Overloaded : F... {
    using F::operator()...;
};

} // namespace vitrine::core
