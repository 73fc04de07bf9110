# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# `cmake --install`: headers, libraries, and the package that find_package(vitrine) finds.

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/vitrine")

get_property(installed GLOBAL PROPERTY vitrine_installed)
install(TARGETS ${installed} EXPORT vitrine-targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
)
install(EXPORT vitrine-targets NAMESPACE vitrine:: DESTINATION "${package_dir}")

set(absent "")
if(NOT VITRINE_BUILD_WASI)
    list(APPEND absent PATTERN wasi.hpp EXCLUDE PATTERN wasi.h EXCLUDE)
endif()
if(NOT VITRINE_BUILD_DEBUGGER)
    list(APPEND absent PATTERN debugger.hpp EXCLUDE PATTERN debugger.h EXCLUDE)
endif()
install(DIRECTORY include/vitrine DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" ${absent})
install(FILES include/vitrine.h include/wasm.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
# For C programs, and others that do not use CMake.
file(RELATIVE_PATH prefix_from_pc "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(cmake/vitrine.pc.in vitrine.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/vitrine.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

set(products vitrine)
foreach(product IN ITEMS WASI DEBUGGER)
    if(VITRINE_BUILD_${product})
        string(TOLOWER ${product} product)
        list(APPEND products ${product})
    endif()
endforeach()
configure_file(cmake/vitrine-config.cmake.in vitrine-config.cmake @ONLY)
write_basic_package_version_file(vitrine-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/vitrine-config.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/vitrine-config-version.cmake"
    DESTINATION "${package_dir}"
)
if(TARGET vitrine)
    install(TARGETS vitrine RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
