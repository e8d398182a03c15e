# cycosConfig.cmake - read by find_package(cycos): cycos::cycos and cycos::cycos_static.
include(${CMAKE_CURRENT_LIST_DIR}/cycosTargets.cmake)
