# install.cmake - what `cmake --install` copies, and `cpack` puts into Debian packages.
#
# Three parts: `runtime` is what a program needs that was linked with the shared library,
# `development` what its author needs, `tools` the programs.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
find_package(Threads REQUIRED)
get_property(components GLOBAL PROPERTY CY_LIBRARY)
get_property(folders GLOBAL PROPERTY CY_LIBRARY_FOLDERS)
get_property(needs GLOBAL PROPERTY CY_LIBRARY_NEEDS)
list(REMOVE_DUPLICATES needs)
set(here ${CMAKE_CURRENT_LIST_DIR})
set(out ${CMAKE_BINARY_DIR}/install)
set(CY_ABI 0) # rises when a program must be compiled anew

# One archive and one shared library, made of all components.
set(objects)
foreach(c IN LISTS components)
  list(APPEND objects $<TARGET_OBJECTS:cycos_${c}>)
endforeach()
add_library(cycos_static STATIC ${objects})
set(libraries cycos_static)
if(CY_SHARED)
  set(objects)
  foreach(c IN LISTS components)
    list(APPEND objects $<TARGET_OBJECTS:cycos_${c}_pic>)
  endforeach()
  add_library(cycos SHARED ${objects})
  # Calls from one file to another become direct ones: nobody outside can take their place.
  target_link_options(cycos PRIVATE LINKER:--version-script=${here}/cycos.map
    LINKER:-Bsymbolic-functions LINKER:-z,defs LINKER:-z,relro)
  target_link_libraries(cycos PRIVATE Threads::Threads ${needs})
  set_target_properties(cycos PROPERTIES VERSION ${CY_ABI}.${PROJECT_VERSION}
    SOVERSION ${CY_ABI} LINK_DEPENDS ${here}/cycos.map)
  list(APPEND libraries cycos)
endif()

# What a program links that takes the archive.
set(requires wolfssl)
set(static_libraries wolfssl)
if(CY_RCU_USED STREQUAL "liburcu")
  string(APPEND requires " liburcu-qsbr liburcu-cds")
  list(APPEND static_libraries urcu-qsbr urcu-cds urcu-common)
endif()
foreach(library IN LISTS libraries)
  target_include_directories(${library} INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE C OUTPUT_NAME cycos)
endforeach()
target_link_libraries(cycos_static INTERFACE $<INSTALL_INTERFACE:-pthread>)
foreach(library IN LISTS static_libraries)
  target_link_libraries(cycos_static INTERFACE $<INSTALL_INTERFACE:${library}>)
endforeach()

install(TARGETS ${libraries} EXPORT cycos
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
foreach(folder IN LISTS folders)
  if(EXISTS ${folder}/include)
    install(DIRECTORY ${folder}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
      COMPONENT development FILES_MATCHING PATTERN "*.h" PATTERN impl EXCLUDE)
  endif()
endforeach()

# find_package(cycos): cycos::cycos and cycos::cycos_static.
set(config ${CMAKE_INSTALL_LIBDIR}/cmake/cycos)
install(EXPORT cycos NAMESPACE cycos:: DESTINATION ${config} FILE cycosTargets.cmake
  COMPONENT development)
write_basic_package_version_file(${out}/cycosConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${here}/cycosConfig.cmake ${out}/cycosConfigVersion.cmake
  DESTINATION ${config} COMPONENT development)

# pkg-config cycos; with --static what the archive needs.
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" up ${up})
configure_file(${here}/cycos.pc.in ${out}/cycos.pc @ONLY)
install(FILES ${out}/cycos.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT development)

# The programs, under names that do not collide.
foreach(name cycos-kv cycos-load cycosctl)
  string(REPLACE "cycos-" "" program ${name})
  if(TARGET ${program})
    install(PROGRAMS $<TARGET_FILE:${program}> DESTINATION ${CMAKE_INSTALL_BINDIR}
      RENAME ${name} COMPONENT tools)
  endif()
endforeach()
install(PROGRAMS ${CMAKE_SOURCE_DIR}/scripts/launch DESTINATION ${CMAKE_INSTALL_BINDIR}
  RENAME cycos-launch COMPONENT tools)

# One instance per core, looked after by systemd.
install(FILES ${here}/cycos@.service DESTINATION lib/systemd/system COMPONENT tools)
