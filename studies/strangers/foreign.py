def foreign_kinds(): return ()
