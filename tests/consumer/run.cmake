# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Builds and runs the project in this folder against the tree SOURCE (WAY=subdirectory, WAY=without_boost), or
# against what `cmake --install BUILD` leaves (WAY=package).

set(work "${BUILD}/tests/consumer-${WAY}")

function(run)
    execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(WAY STREQUAL "package")
    file(REMOVE_RECURSE "${work}")
    run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${work}/prefix")
    set(vitrine "-DCMAKE_PREFIX_PATH=${work}/prefix")
else()
    set(vitrine "-DVITRINE_TREE=${SOURCE}")
endif()

if(WAY STREQUAL "without_boost")
    set(boost -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON -DWITH_DEBUGGER=OFF)
endif()

run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${work}/build" -G Ninja "${vitrine}" ${boost}
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")
run("${CMAKE_COMMAND}" --build "${work}/build")
run("${work}/build/consumer")
