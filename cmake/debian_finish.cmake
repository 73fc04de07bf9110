# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# What CPack cannot say about packages: that those of several architectures can be installed, and that the cache of the
# loader is updated by a trigger. CPack runs this after it has made the packages, in CPACK_PACKAGE_FILES.

foreach(package IN LISTS CPACK_PACKAGE_FILES)
    get_filename_component(name "${package}" NAME)
    set(tree "${CPACK_TEMPORARY_DIRECTORY}/finish")
    file(REMOVE_RECURSE "${tree}")
    execute_process(COMMAND dpkg-deb --raw-extract "${package}" "${tree}" COMMAND_ERROR_IS_FATAL ANY)
    if(name MATCHES "^lib")
        file(READ "${tree}/DEBIAN/control" control)
        string(STRIP "${control}" control)
        file(WRITE "${tree}/DEBIAN/control" "${control}\nMulti-Arch: same\n")
    endif()
    if(EXISTS "${tree}/DEBIAN/shlibs")
        file(REMOVE "${tree}/DEBIAN/postinst" "${tree}/DEBIAN/postrm")
        file(WRITE "${tree}/DEBIAN/triggers" "activate-noawait ldconfig\n")
    endif()
    execute_process(COMMAND dpkg-deb --root-owner-group --build "${tree}" "${package}"
        OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
    file(REMOVE_RECURSE "${tree}")
endforeach()
