# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Packages for Debian, which `cpack` makes from the components of install.cmake. The preset `package` turns this on, with
# the prefix /usr, below which libraries have Debian's paths. `./dev package` does all of it.

# The package of the shared library is named for its SONAME, so that programs built with different ones can be installed.
get_target_property(soversion vitrine_shared SOVERSION)
set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME vitrine)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libvitrine${soversion})
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libvitrine-dev)

# Who makes the packages, as Debian's own tools ask. By default nobody who could be reached.
set(maintainer "Vitrine contributors <contributors@vitrine.invalid>")
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
    set(maintainer "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME vitrine)
set(CPACK_PACKAGE_VENDOR Vitrine)
set(CPACK_PACKAGE_CONTACT "${maintainer}")
set(CPACK_PACKAGE_DIRECTORY "${vitrine_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")
set(CPACK_COMPONENTS_ALL command library development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_POST_BUILD_SCRIPTS "${CMAKE_CURRENT_LIST_DIR}/debian_finish.cmake")

# The first line of each is its summary.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(about "Vitrine runs WebAssembly 3.0, WASI programs and components. A debugger
can see and change every memory, global, table and function of a guest,
exported or not, and stop it at any instruction.
")
set(CPACK_DEBIAN_COMMAND_DESCRIPTION "WebAssembly runtime that a debugger can see into
${about}
This package has the command: it runs guests, debugs them in the
terminal, and serves LLDB, editors and agents that debug them.")
set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION interpreters)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SUGGESTS "lldb-23 | lldb-22")
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "WebAssembly runtime that a debugger can see into - shared library
${about}
This package has the library for programs that embed Vitrine.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "WebAssembly runtime that a debugger can see into - development files
${about}
This package has what programs in C and C++ that embed Vitrine are built
with: headers, static libraries, and the files for CMake and pkg-config.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libvitrine${soversion} (= ${PROJECT_VERSION})")

# Debian's policy: a file `copyright` and a changelog for each package, and compressed pages of the manual.
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)
vitrine_git(date "${now}" log -1 --format=%cD)
set(folder "${vitrine_BINARY_DIR}/debian")
file(WRITE "${folder}/changelog" "vitrine (${PROJECT_VERSION}) unstable; urgency=medium

  * What has changed is in CHANGELOG.md, in the package vitrine.

 -- ${maintainer}  ${date}
")
file(READ LICENSE license)
string(REGEX REPLACE "^.*--- LLVM Exceptions[^\n]*\n+" "" exception "${license}")
string(STRIP "${exception}" exception)
string(REPLACE "\n" "\n " exception "${exception}")
string(REPLACE "\n \n" "\n .\n" exception "${exception}")
vitrine_git(year "" log -1 --format=%cd --date=format:%Y)
file(WRITE "${folder}/copyright" "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Vitrine

Files: *
Copyright: ${year} Vitrine contributors
License: Apache-2.0 with LLVM exception
 The complete text of the Apache License, Version 2.0, is in
 /usr/share/common-licenses/Apache-2.0 on Debian. This exception belongs to it:
 .
 ${exception}
")
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
    string(TOUPPER ${component} name)
    set(doc "share/doc/${CPACK_DEBIAN_${name}_PACKAGE_NAME}")
    install(FILES "${folder}/copyright" "${folder}/changelog" DESTINATION "${doc}" COMPONENT ${component})
    install(CODE "execute_process(COMMAND gzip -9nf \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${doc}/changelog\" COMMAND_ERROR_IS_FATAL ANY)"
        COMPONENT ${component})
endforeach()
install(CODE "file(GLOB pages \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_MANDIR}/man1/*.1\")
execute_process(COMMAND gzip -9nf \${pages} COMMAND_ERROR_IS_FATAL ANY)" COMPONENT command)

include(CPack)
